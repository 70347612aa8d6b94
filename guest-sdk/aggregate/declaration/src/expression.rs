//! The grammar of expressions: fields, calls, conditions.

use crate::Comparison;
use crate::field::{Origin, Written, type_named};
use crate::lexer::{Token, tokens};

/// A field as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) origin: Origin,
    pub(crate) nullable: bool,
    pub(crate) written: Option<Written>,
    /// The text of its path, which a function may take as a number.
    word: String,
}

impl Field {
    /// The argument as a number, if it can be one.
    pub(crate) fn number(&self) -> Option<f64> {
        let is_plain = !self.nullable && self.written.is_none();
        self.word
            .parse()
            .ok()
            .filter(|number: &f64| is_plain && number.is_finite())
    }
}

/// A function with its arguments: `sum(price: float64)`. A name alone has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) function: String,
    pub(crate) arguments: Vec<Field>,
}

/// An expression of `key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Field(Field),
    Call(Call),
}

/// An expression of `keep`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    pub(crate) call: Call,
    pub(crate) when: Option<When>,
}

/// A condition as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct When {
    pub(crate) field: Field,
    pub(crate) comparison: Comparison,
    pub(crate) literals: Vec<Literal>,
}

/// A value in a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    pub(crate) text: String,
    pub(crate) is_quoted: bool,
}

/// Parses an expression of `key`.
pub(crate) fn key(text: &str) -> Result<Key, String> {
    let mut parser = Parser::new(text)?;
    let key = if parser.is_call() {
        Key::Call(parser.call()?)
    } else {
        Key::Field(parser.field()?)
    };
    parser.end().map(|()| key)
}

/// Parses an expression of `keep`.
pub(crate) fn keep(text: &str) -> Result<Keep, String> {
    let mut parser = Parser::new(text)?;
    let call = parser.call()?;
    let when = match parser.next_is_word("where") {
        true => Some(parser.when()?),
        false => None,
    };
    parser.end().map(|()| Keep { call, when })
}

/// Parses a field.
pub(crate) fn field(text: &str) -> Result<Field, String> {
    let mut parser = Parser::new(text)?;
    let field = parser.field()?;
    parser.end().map(|()| field)
}

/// Parses a condition.
pub(crate) fn when(text: &str) -> Result<When, String> {
    let mut parser = Parser::new(text)?;
    let when = parser.when()?;
    parser.end().map(|()| when)
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    second: Option<Token>,
}

impl Parser {
    fn new(text: &str) -> Result<Parser, String> {
        let tokens = tokens(text)?;
        if tokens.is_empty() {
            return Err("nothing is written here".to_owned());
        }
        Ok(Parser {
            second: tokens.get(1).cloned(),
            tokens: tokens.into_iter().peekable(),
        })
    }

    /// Whether the expression begins with a call.
    fn is_call(&self) -> bool {
        self.second == Some(Token::Mark("("))
    }

    fn next_is(&mut self, mark: &'static str) -> bool {
        self.tokens
            .next_if(|token| *token == Token::Mark(mark))
            .is_some()
    }

    fn next_is_word(&mut self, keyword: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Word(word) if word == keyword))
            .is_some()
    }

    fn unexpected<T>(&mut self, wanted: &str) -> Result<T, String> {
        Err(match self.tokens.next() {
            Some(token) => format!("{wanted} is expected where {token} stands"),
            None => format!("{wanted} is missing at the end"),
        })
    }

    fn end(&mut self) -> Result<(), String> {
        match self.tokens.next() {
            None => Ok(()),
            Some(token) => Err(format!("{token} stands after the end of the expression")),
        }
    }

    fn field(&mut self) -> Result<Field, String> {
        let (word, is_quoted) = match self.tokens.next() {
            Some(Token::Word(word)) => (word, false),
            Some(Token::Text(text)) => (text, true),
            Some(token) => return Err(format!("a field is expected where {token} stands")),
            None => return Err("a field is missing at the end".to_owned()),
        };
        let origin = Origin::read(&word, is_quoted)?;
        let nullable = self.next_is("?");
        let written = match self.next_is(":") {
            false => None,
            true => match self.tokens.next() {
                Some(Token::Word(name)) => Some(type_named(&name)?),
                _ => return Err(format!("a type is missing after `{word}:`")),
            },
        };
        Ok(Field {
            origin,
            nullable,
            written,
            word,
        })
    }

    fn call(&mut self) -> Result<Call, String> {
        let Some(Token::Word(function)) =
            self.tokens.next_if(|token| matches!(token, Token::Word(_)))
        else {
            return self.unexpected("a function");
        };
        let mut arguments = Vec::new();
        if self.next_is("(") && !self.next_is(")") {
            loop {
                arguments.push(self.field()?);
                if self.next_is(")") {
                    break;
                }
                if !self.next_is(",") {
                    return self.unexpected("`,` or `)`");
                }
            }
        }
        Ok(Call {
            function,
            arguments,
        })
    }

    fn when(&mut self) -> Result<When, String> {
        let field = self.field()?;
        let comparison = match self.tokens.next() {
            Some(Token::Mark("=")) => Comparison::Equal,
            Some(Token::Mark("!=")) => Comparison::NotEqual,
            Some(Token::Mark("<")) => Comparison::Less,
            Some(Token::Mark("<=")) => Comparison::AtMost,
            Some(Token::Mark(">")) => Comparison::Greater,
            Some(Token::Mark(">=")) => Comparison::AtLeast,
            _ => {
                return Err(format!(
                    "a comparison is missing after `{}`: =, !=, <, <=, > or >=",
                    field.word
                ));
            }
        };
        let mut literals = Vec::new();
        loop {
            literals.push(match self.tokens.next() {
                Some(Token::Word(text)) => Literal {
                    text,
                    is_quoted: false,
                },
                Some(Token::Text(text)) => Literal {
                    text,
                    is_quoted: true,
                },
                _ => {
                    return Err(format!(
                        "a value to compare `{}` with is missing",
                        field.word
                    ));
                }
            });
            if !self.next_is_word("or") {
                break;
            }
        }
        Ok(When {
            field,
            comparison,
            literals,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{Encoding, Kind};

    #[test]
    fn a_field_may_be_missing_and_typed() {
        let at = field("ts? : epoch-seconds").unwrap();
        assert_eq!(at.origin, Origin::Path("ts".into()));
        assert!(at.nullable);
        assert_eq!(at.written, Some((Kind::Timestamp, Encoding::EpochSeconds)));
        assert_eq!(field("\"a b\"").unwrap().origin, Origin::Path("a b".into()));
        assert_eq!(field("$offset").unwrap().origin, Origin::Offset);
        assert_eq!(
            field("\\$offset").unwrap().origin,
            Origin::Path("$offset".into())
        );
    }

    #[test]
    fn what_is_kept_has_arguments_and_a_condition() {
        let kept = keep("quantile(ms?, 0.5, 0.95) where type = a or \"b c\"").unwrap();
        assert_eq!(kept.call.function, "quantile");
        let numbers: Vec<_> = kept.call.arguments.iter().map(Field::number).collect();
        assert_eq!(numbers, [None, Some(0.5), Some(0.95)]);
        let when = kept.when.unwrap();
        let texts: Vec<_> = when.literals.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(texts, ["a", "b c"]);
        assert_eq!(keep("count").unwrap().call.arguments, []);
        assert_eq!(keep("count()").unwrap().call.arguments, []);
    }

    #[test]
    fn mistakes_are_named() {
        let said = |text: &str| keep(text).unwrap_err();
        assert_eq!(said(""), "nothing is written here");
        assert_eq!(said("sum(a"), "`,` or `)` is missing at the end");
        assert_eq!(said("sum(a b)"), "`,` or `)` is expected where `b` stands");
        assert_eq!(said("sum(a,)"), "a field is expected where `)` stands");
        assert_eq!(said("(a)"), "a function is expected where `(` stands");
        assert_eq!(
            said("count it"),
            "`it` stands after the end of the expression"
        );
        assert_eq!(
            said("count where type"),
            "a comparison is missing after `type`: =, !=, <, <=, > or >="
        );
        assert_eq!(
            said("count where type = "),
            "a value to compare `type` with is missing"
        );
        assert!(said("sum(a: float)").starts_with("`float` is no type; the types are int64,"));
        assert!(said("sum($time)").starts_with("`$time` is no part of a record; these are:"));
    }
}
