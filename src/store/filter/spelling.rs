//! Fields are shown as `name=value` whatever their record spells; a text or an expression that says so also means
//! `"name":value`, `"name":"value"` and `name="value"`.
//!
//! Only widens: what matches as it stands still does. Names inside of other names (`http.status` of nested JSON) are
//! not put together again; that is what the test of a field is for (`field`).

/// What may stand in a record where the screen shows `=`. Without repetitions, so that a search still starts from
/// the few literal texts that it stands for. A record inside of another's JSON has its quotes escaped.
const EQUALS: &str = r#"(?:=|\\?": ?)(?:\\?")?"#;

/// A valid expression in which each `=` after a name stands for every spelling of a field; `None` if it has none.
pub(super) fn of_fields(expression: &str) -> Option<String> {
    let mut out = String::new();
    let (mut copied, mut class_depth, mut is_escaped, mut before) = (0, 0_u32, false, ' ');
    for (at, sign) in expression.char_indices() {
        match sign {
            _ if is_escaped => {}
            '[' => class_depth += 1,
            ']' => class_depth = class_depth.saturating_sub(1),
            '=' if class_depth == 0 && (before.is_alphanumeric() || before == '_') => {
                out.push_str(&expression[copied..at]);
                out.push_str(EQUALS);
                copied = at + 1;
            }
            _ => {}
        }
        is_escaped = sign == '\\' && !is_escaped;
        before = sign;
    }
    (copied > 0).then(|| {
        out.push_str(&expression[copied..]);
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_equals_sign_after_a_name_stands_for_a_field() {
        for plain in ["", "a.b+c", "=", " = 5", "a == b", r"a\=", "[a=b]", "[[a=]b=]", "x{2}="] {
            assert_eq!(of_fields(plain), None, "{plain:?}");
        }
        assert_eq!(of_fields("status=50[23]|n=1"), Some(format!("status{EQUALS}50[23]|n{EQUALS}1")));
        assert_eq!(of_fields(r"\w=é"), Some(format!(r"\w{EQUALS}é")));
    }

    #[test]
    fn every_spelling_of_a_field_is_found() {
        let regex = regex::Regex::new(&of_fields("status=503").unwrap()).unwrap();
        for record in [
            r#"{"status":503}"#,
            r#"{"status": 503}"#,
            r#"{"status":"503"}"#,
            r#"{"log":"{\"status\":\"503\"}"}"#,
            "status=503",
            r#"status="503""#,
        ] {
            assert!(regex.is_match(record), "{record}");
        }
        assert!(!regex.is_match(r#"{"status":200,"n":503}"#));
    }
}
