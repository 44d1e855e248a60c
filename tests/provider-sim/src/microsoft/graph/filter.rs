//! The subset of OData `$filter` that Outlook accepts on messages.

use std::sync::Arc;

use super::error::GraphError;
use crate::microsoft::letter::Letter;
use crate::microsoft::mailbox::ids;
use crate::microsoft::mailbox::message::Message;

/// A parsed filter.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    /// Property, operator, literal.
    Compare(String, Op, String),
    StartsWith(String, String),
    Contains(String, String),
    Category(String),
    Extended(String, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

fn syntax(what: &str) -> GraphError {
    GraphError::bad("BadRequest", format!("Invalid filter clause: {what}."))
}

fn tokens(text: &str) -> Result<Vec<Token>, GraphError> {
    let mut out = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.peek().copied() {
        match c {
            c if c.is_whitespace() => {
                rest.next();
            }
            '(' | ')' | ',' => {
                rest.next();
                out.push(match c {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Comma,
                });
            }
            '\'' => {
                rest.next();
                let mut value = String::new();
                loop {
                    match rest.next() {
                        Some('\'') if rest.peek() == Some(&'\'') => {
                            rest.next();
                            value.push('\'');
                        }
                        Some('\'') => break,
                        Some(c) => value.push(c),
                        None => return Err(syntax("there is an unterminated string literal")),
                    }
                }
                out.push(Token::Text(value));
            }
            _ => {
                let mut word = String::new();
                while let Some(c) = rest
                    .peek()
                    .copied()
                    .filter(|c| !c.is_whitespace() && !"(),'".contains(*c))
                {
                    word.push(c);
                    rest.next();
                }
                out.push(Token::Word(word));
            }
        }
    }
    Ok(out)
}

struct Parser {
    tokens: std::vec::IntoIter<Token>,
    next: Option<Token>,
}

impl Parser {
    fn advance(&mut self) -> Option<Token> {
        std::mem::replace(&mut self.next, self.tokens.next())
    }

    fn word(&self, wanted: &str) -> bool {
        matches!(&self.next, Some(Token::Word(w)) if w.eq_ignore_ascii_case(wanted))
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), GraphError> {
        match self.advance() {
            Some(token) if token == *wanted => Ok(()),
            other => Err(syntax(&format!("expected {wanted:?}, found {other:?}"))),
        }
    }

    fn or(&mut self) -> Result<Filter, GraphError> {
        let mut left = self.and()?;
        while self.word("or") {
            self.advance();
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Filter, GraphError> {
        let mut left = self.unary()?;
        while self.word("and") {
            self.advance();
            left = Filter::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Filter, GraphError> {
        if self.word("not") {
            self.advance();
            return Ok(Filter::Not(Box::new(self.unary()?)));
        }
        if self.next == Some(Token::Open) {
            self.advance();
            let inner = self.or()?;
            self.expect(&Token::Close)?;
            return Ok(inner);
        }
        let Some(Token::Word(name)) = self.advance() else {
            return Err(syntax("a property name was expected"));
        };
        let lower = name.to_ascii_lowercase();
        match lower.as_str() {
            "startswith" | "contains" => {
                self.expect(&Token::Open)?;
                let Some(Token::Word(property)) = self.advance() else {
                    return Err(syntax("a property name was expected"));
                };
                self.expect(&Token::Comma)?;
                let value = self.literal()?;
                self.expect(&Token::Close)?;
                let property = property.to_ascii_lowercase();
                Ok(if lower == "contains" {
                    Filter::Contains(property, value)
                } else {
                    Filter::StartsWith(property, value)
                })
            }
            "categories/any" => self.category(),
            "singlevalueextendedproperties/any" => self.extended(),
            _ => {
                let op = match self.advance() {
                    Some(Token::Word(op)) => match op.to_ascii_lowercase().as_str() {
                        "eq" => Op::Eq,
                        "ne" => Op::Ne,
                        "gt" => Op::Gt,
                        "ge" => Op::Ge,
                        "lt" => Op::Lt,
                        "le" => Op::Le,
                        other => return Err(syntax(&format!("unknown operator '{other}'"))),
                    },
                    _ => return Err(syntax("an operator was expected")),
                };
                Ok(Filter::Compare(lower, op, self.literal()?))
            }
        }
    }

    fn literal(&mut self) -> Result<String, GraphError> {
        match self.advance() {
            Some(Token::Text(value) | Token::Word(value)) => Ok(value),
            other => Err(syntax(&format!("a value was expected, found {other:?}"))),
        }
    }

    /// `(c:c eq 'Red category')`
    fn category(&mut self) -> Result<Filter, GraphError> {
        let value = self.any()?;
        let name = value
            .into_iter()
            .next()
            .ok_or_else(|| syntax("categories/any needs a comparison"))?;
        Ok(Filter::Category(name.1))
    }

    /// `(ep: ep/id eq 'String {…} Name x' and ep/value eq 'y')`
    fn extended(&mut self) -> Result<Filter, GraphError> {
        let pairs = self.any()?;
        let value = |end: &str| {
            pairs
                .iter()
                .find(|(p, _)| p.ends_with(end))
                .map(|(_, v)| v.clone())
        };
        match (value("/id"), value("/value")) {
            (Some(id), Some(value)) => Ok(Filter::Extended(id, value)),
            _ => Err(syntax("id and value of the extended property are needed")),
        }
    }

    fn any(&mut self) -> Result<Vec<(String, String)>, GraphError> {
        self.expect(&Token::Open)?;
        let mut out = Vec::new();
        loop {
            match self.advance() {
                Some(Token::Close) => return Ok(out),
                Some(Token::Word(word))
                    if word.ends_with(':') || word.eq_ignore_ascii_case("and") => {}
                Some(Token::Word(word)) => {
                    let property = word
                        .rsplit(':')
                        .next()
                        .unwrap_or_default()
                        .to_ascii_lowercase();
                    if !self.word("eq") {
                        return Err(syntax("only eq is allowed within any"));
                    }
                    self.advance();
                    out.push((property, self.literal()?));
                }
                other => return Err(syntax(&format!("unexpected {other:?} within any"))),
            }
        }
    }
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, GraphError> {
        let mut all = tokens(text)?.into_iter();
        let next = all.next();
        let mut parser = Parser { tokens: all, next };
        let filter = parser.or()?;
        if parser.next.is_some() {
            return Err(syntax("there is something after its end"));
        }
        Ok(filter)
    }

    /// Properties in the order in which they stand.
    pub(crate) fn properties(&self) -> Vec<String> {
        match self {
            Self::And(a, b) | Self::Or(a, b) => {
                let mut out = a.properties();
                out.extend(b.properties());
                out
            }
            Self::Not(inner) => inner.properties(),
            Self::Compare(p, ..) | Self::StartsWith(p, _) | Self::Contains(p, _) => vec![p.clone()],
            Self::Category(_) => vec!["categories".to_owned()],
            Self::Extended(..) => vec!["singlevalueextendedproperties".to_owned()],
        }
    }

    /// Outlook's rule for `$filter` with `$orderby`: every ordered property is filtered too, first and in the same order.
    pub(crate) fn serves(&self, order_by: &[(String, bool)]) -> bool {
        let mut filtered = self.properties();
        filtered.dedup();
        order_by
            .iter()
            .zip(filtered.iter().map(Some).chain(std::iter::repeat(None)))
            .all(|((o, _), f)| f == Some(o))
    }

    /// The lower bound on `receivedDateTime`, if the filter is only that.
    pub(crate) fn received_since(&self) -> Option<u64> {
        match self {
            Self::Compare(p, op @ (Op::Ge | Op::Gt), value) if p == "receiveddatetime" => {
                super::time::parse(value).map(|ms| if *op == Op::Gt { ms + 1 } else { ms })
            }
            _ => None,
        }
    }

    /// The Message-ID, if the filter is only that.
    pub(crate) fn message_id(&self) -> Option<&str> {
        match self {
            Self::Compare(p, Op::Eq, value) if p == "internetmessageid" => Some(value),
            _ => None,
        }
    }

    pub(crate) fn matches(
        &self,
        row: &Message,
        mailbox: u64,
        letter: &mut Option<Arc<Letter>>,
    ) -> bool {
        match self {
            Self::And(a, b) => a.matches(row, mailbox, letter) && b.matches(row, mailbox, letter),
            Self::Or(a, b) => a.matches(row, mailbox, letter) || b.matches(row, mailbox, letter),
            Self::Not(inner) => !inner.matches(row, mailbox, letter),
            Self::Category(name) => row.categories.iter().any(|c| c == name),
            Self::Extended(id, value) => row
                .extended
                .iter()
                .any(|(i, v)| same_property(i, id) && v == value),
            Self::StartsWith(p, start) => text(p, row, letter)
                .is_some_and(|t| t.to_lowercase().starts_with(&start.to_lowercase())),
            Self::Contains(p, part) => text(p, row, letter)
                .is_some_and(|t| t.to_lowercase().contains(&part.to_lowercase())),
            Self::Compare(p, op, value) => compare(p, *op, value, row, mailbox, letter),
        }
    }
}

/// Extended property ids differ in case and spacing of their GUIDs only by accident.
pub(crate) fn same_property(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn compare(
    property: &str,
    op: Op,
    value: &str,
    row: &Message,
    mailbox: u64,
    letter: &mut Option<Arc<Letter>>,
) -> bool {
    let order = match property {
        "receiveddatetime" => return time(row.received, op, value),
        "sentdatetime" => return time(sent(row, letter), op, value),
        "createddatetime" => return time(row.created, op, value),
        "lastmodifieddatetime" => return time(row.modified, op, value),
        "isread" => row.read.to_string().cmp(&value.to_ascii_lowercase()),
        "isdraft" => row.draft.to_string().cmp(&value.to_ascii_lowercase()),
        "hasattachments" => of(row, letter)
            .has_attachments()
            .to_string()
            .cmp(&value.to_ascii_lowercase()),
        "conversationid" => {
            return (op == Op::Ne)
                ^ (ids::parse_conversation(mailbox, value) == Some(row.conversation));
        }
        "parentfolderid" => {
            return (op == Op::Ne) ^ (ids::parse_folder(mailbox, value) == Some(row.folder));
        }
        "id" => {
            return (op == Op::Ne)
                ^ (ids::parse_message(mailbox, value).is_some_and(|n| n.key == row.key));
        }
        _ => match text(property, row, letter) {
            Some(text) => text.to_lowercase().cmp(&value.to_lowercase()),
            None => return op == Op::Ne || value == "null",
        },
    };
    holds(order, op)
}

fn time(ms: u64, op: Op, value: &str) -> bool {
    super::time::parse(value).is_some_and(|bound| holds(ms.cmp(&bound), op))
}

fn holds(order: std::cmp::Ordering, op: Op) -> bool {
    match op {
        Op::Eq => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
    }
}

fn of<'a>(row: &Message, letter: &'a mut Option<Arc<Letter>>) -> &'a Letter {
    letter.get_or_insert_with(|| row.letter())
}

fn sent(row: &Message, letter: &mut Option<Arc<Letter>>) -> u64 {
    row.sent
        .unwrap_or_else(|| of(row, letter).date.unwrap_or(row.received))
}

fn text(property: &str, row: &Message, letter: &mut Option<Arc<Letter>>) -> Option<String> {
    match property {
        "internetmessageid" => row.message_id.clone(),
        "importance" => Some(row.importance.name().to_owned()),
        "flag/flagstatus" => Some(row.flag.name().to_owned()),
        "inferenceclassification" => Some(if row.other { "other" } else { "focused" }.to_owned()),
        "subject" => Some(of(row, letter).subject.clone()),
        "from/emailaddress/address" => of(row, letter).from.as_ref().map(|a| a.address.clone()),
        "from/emailaddress/name" => of(row, letter).from.as_ref().map(|a| a.name.clone()),
        "sender/emailaddress/address" => {
            let letter = of(row, letter);
            letter
                .sender
                .as_ref()
                .or(letter.from.as_ref())
                .map(|a| a.address.clone())
        }
        "bodypreview" => Some(of(row, letter).preview()),
        "body/content" => Some(of(row, letter).plain()),
        _ => None,
    }
}

/// Value of a property by which messages can be ordered.
pub(crate) fn sort_key(property: &str, row: &Message, letter: &mut Option<Arc<Letter>>) -> String {
    match property {
        "receiveddatetime" => format!("{:020}", row.received),
        "sentdatetime" => format!("{:020}", sent(row, letter)),
        "createddatetime" => format!("{:020}", row.created),
        "lastmodifieddatetime" => format!("{:020}", row.modified),
        "isread" => row.read.to_string(),
        "isdraft" => row.draft.to_string(),
        "hasattachments" => of(row, letter).has_attachments().to_string(),
        other => text(other, row, letter).unwrap_or_default().to_lowercase(),
    }
}
