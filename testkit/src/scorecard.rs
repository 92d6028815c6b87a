use std::collections::BTreeMap;

/// Counts the cases of a suite against a list of expected failures.
///
/// The list has one case a line, `name: reason`; `#` starts a comment. A case that fails and is not listed
/// fails the test, and so does one that is listed and passes, or is listed and does not exist.
#[derive(Debug)]
pub struct Scorecard {
    suite: String,
    expected: BTreeMap<String, String>,
    passed: usize,
    failed_as_expected: usize,
    wrong: Vec<String>,
}

impl Scorecard {
    /// A card for `suite` with this list of expected failures.
    #[must_use]
    pub fn new(suite: &str, expected_failures: &str) -> Self {
        let lines = expected_failures
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let expected = lines
            .map(|line| {
                let (name, reason) =
                    line.split_once(": ").unwrap_or_else(|| panic!("no reason given in {line:?}"));
                (name.trim().to_owned(), reason.trim().to_owned())
            })
            .collect();
        Self { suite: suite.to_owned(), expected, passed: 0, failed_as_expected: 0, wrong: Vec::new() }
    }

    /// Files the result of one case; the error says what came out instead.
    pub fn case(&mut self, name: &str, result: Result<(), String>) {
        match (result, self.expected.remove(name)) {
            (Ok(()), None) => self.passed = self.passed.saturating_add(1),
            (Err(_), Some(_)) => self.failed_as_expected = self.failed_as_expected.saturating_add(1),
            (Err(error), None) => self.wrong.push(format!("{name}: {error}")),
            (Ok(()), Some(reason)) => {
                self.wrong.push(format!("{name}: passes, but is listed as failing ({reason})"))
            }
        }
    }

    /// Files a comparison.
    pub fn equal<T: PartialEq + std::fmt::Debug>(&mut self, name: &str, actual: &T, expected: &T) {
        let result =
            if actual == expected { Ok(()) } else { Err(format!("{actual:?} instead of {expected:?}")) };
        self.case(name, result);
    }

    /// Prints the score.
    ///
    /// # Panics
    /// Where a case was wrong, where a listed case does not exist, and where there was no case at all.
    pub fn finish(mut self) {
        let missing = std::mem::take(&mut self.expected);
        self.wrong
            .extend(missing.into_keys().map(|name| format!("{name}: listed as failing, but no such case")));
        let total = self.passed.saturating_add(self.failed_as_expected).saturating_add(self.wrong.len());
        println!(
            "{}: {} of {total} right, {} fail as expected",
            self.suite, self.passed, self.failed_as_expected
        );
        assert!(total > 0, "{}: no cases", self.suite);
        assert!(
            self.wrong.is_empty(),
            "{}: {} wrong:\n{}",
            self.suite,
            self.wrong.len(),
            self.wrong.join("\n")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::Scorecard;

    #[test]
    fn expected_failures_may_fail() {
        let mut card = Scorecard::new("suite", "# comment\n\nb: section 1\n");
        card.equal("a", &1, &1);
        card.equal("b", &1, &2);
        card.finish();
    }

    #[test]
    #[should_panic(expected = "b: passes, but is listed as failing (section 1)")]
    fn an_unexpected_success_fails() {
        let mut card = Scorecard::new("suite", "b: section 1");
        card.case("b", Ok(()));
        card.finish();
    }

    #[test]
    #[should_panic(expected = "c: 1 instead of 2")]
    fn an_unexpected_failure_fails() {
        let mut card = Scorecard::new("suite", "");
        card.equal("c", &1, &2);
        card.finish();
    }

    #[test]
    #[should_panic(expected = "b: listed as failing, but no such case")]
    fn a_listed_case_must_exist() {
        let mut card = Scorecard::new("suite", "b: section 1");
        card.case("a", Ok(()));
        card.finish();
    }

    #[test]
    #[should_panic(expected = "no cases")]
    fn a_suite_without_cases_fails() {
        Scorecard::new("suite", "").finish();
    }
}
