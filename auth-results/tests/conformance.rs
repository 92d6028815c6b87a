//! Fields of other implementations' tests, by RFC 8601.

use auth_results::{AuthenticationResults, ReadPolicy};
use testkit::{Scorecard, corpus};

fn unfold(value: &str) -> String {
    value.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t")
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn fields_are_read_as_the_rfc_says() {
    let cases = corpus::json("authres/cases.json");
    let mut card = Scorecard::new("authres", include_str!("expected-failures-authres.txt"));
    for (index, case) in cases.as_array().expect("a list of cases").iter().enumerate() {
        let (source, value) = (case["source"].as_str().unwrap_or(""), case["value"].as_str().unwrap_or(""));
        let Some(valid) = case["valid"].as_bool() else { continue };
        card.case(&format!("{source} {index}"), check(case, &unfold(value), valid, &ReadPolicy::default()));
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn what_others_read_is_read_leniently() {
    let cases = corpus::json("authres/cases.json");
    let mut card = Scorecard::new("authres, leniently", "");
    for case in cases.as_array().expect("a list of cases") {
        let value = case["value"].as_str().unwrap_or("");
        if case["valid"].as_bool() == Some(true) {
            card.case(value, check(case, &unfold(value), true, &ReadPolicy::lenient()));
        }
    }
    card.finish();
}

fn check(case: &serde_json::Value, value: &str, valid: bool, policy: &ReadPolicy) -> Result<(), String> {
    let field = match (AuthenticationResults::parse_with(value.as_bytes(), policy), valid) {
        (Ok(field), true) => field,
        (Err(_), false) => return Ok(()),
        (Ok(_), false) => return Err("is read".to_owned()),
        (Err(error), true) => return Err(error.to_string()),
    };
    let text = field.to_string();
    let value = text.strip_prefix("Authentication-Results:").ok_or("no name")?;
    let again =
        AuthenticationResults::parse_with(value.as_bytes(), policy).map_err(|error| error.to_string())?;
    if again != field {
        return Err(format!("{text} is not the same again"));
    }
    let Some(parsed) = case["parsed"].as_object() else { return Ok(()) };
    let expected = parsed["results"].as_array().ok_or("no results")?.iter().map(|result| {
        let word = |key: &str| result[key].as_str().unwrap_or("").to_owned();
        (word("method"), word("result"))
    });
    let actual = field.results.iter().map(|result| (result.method.to_string(), result.result.to_string()));
    if !expected.eq(actual) || parsed["authserv_id"] != field.authserv_id.as_str() {
        return Err(format!("{field:?}"));
    }
    Ok(())
}
