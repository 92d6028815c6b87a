//! The explanation of a fail (RFC 7208 §6.2). Whatever goes wrong with it, the verdict stands.

use super::{
    State,
    state::{Next, Pending, Task},
    terms::Target,
};
use crate::{
    macros::{Letter, Piece, Pieces, Place, expand},
    verdict::DomainError,
};
use mail_base::dns::{Answer, Question};

impl State {
    /// Asks for the text that the `exp` of the record names.
    pub(super) fn explain(&mut self) -> Next {
        let Some(exp) = self.frames.current().index.exp else { return Next::End };
        match self.target(exp.domain) {
            Target::Name(name) => self.ask(Question::txt(name), Pending::Explanation),
            Target::Ask(question, ask) => self.ask(question, ask.pending(Task::Explain)),
            Target::Malformed(error) => {
                self.trace_unasked(error);
                Next::End
            }
            Target::NotAscii => {
                self.trace_unasked(DomainError::LocalPart);
                Next::End
            }
        }
    }

    /// Takes the text: one record, or it is as if there were no `exp`.
    pub(super) fn explanation_answered(&mut self, answer: &Answer) -> Next {
        match answer.as_txt() {
            [text] => {
                self.explaining = Some(text.clone());
                self.expand_explanation()
            }
            _ => Next::End,
        }
    }

    /// explain-string = *( macro-string / SP )
    pub(super) fn expand_explanation(&mut self) -> Next {
        let text = self.explaining.clone().unwrap_or_default();
        let Ok(string) = core::str::from_utf8(text.as_bytes()) else { return Next::End };
        let is_name = |piece| matches!(piece, Piece::Macro(one) if one.letter == Letter::ValidatedName);
        let wants_name = Pieces::new(string, Place::Explanation).flatten().any(is_name);
        let validated_name = match self.validated_name(wants_name) {
            Ok(name) => name,
            Err((question, ask)) => {
                return self.ask(question, ask.pending(Task::Explanation));
            }
        };
        let values = self.facts.values(&self.frames.current().domain, validated_name);
        let explanation = expand(string, Place::Explanation, &values).ok();
        // the string MUST be limited to ASCII; what a sender put into it must not break a line of the reply
        self.explanation = explanation.filter(|text| {
            text.len() <= self.limits.explanation && text.bytes().all(|octet| matches!(octet, b' '..=b'~'))
        });
        Next::End
    }
}
