//! Words of the storage contract (`wit/deps/platform-host/storage.wit`) as plain types.
//!
//! The engine converts its generated bindings into these, so that the store knows nothing of components and can be tested
//! without one. The contract's doc comments say what each means; here stands only what an implementation adds.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A signed 64-bit number.
    Integer,
    /// A finite or infinite double; never NaN, which has no order.
    Float,
    /// Text, ordered by code point.
    Text,
    /// Bytes, ordered as unsigned numbers.
    Bytes,
    /// A JSON document, kept as the text that was given.
    Json,
    /// Milliseconds since the Unix epoch, UTC; at most `i64::MAX`.
    Time,
    /// The id of a blob of this plugin.
    Blob,
}

/// One field's content.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// See [`Kind::Boolean`].
    Boolean(bool),
    /// See [`Kind::Integer`].
    Integer(i64),
    /// See [`Kind::Float`].
    Float(f64),
    /// See [`Kind::Text`].
    Text(String),
    /// See [`Kind::Bytes`].
    Bytes(Vec<u8>),
    /// See [`Kind::Json`].
    Json(String),
    /// See [`Kind::Time`].
    Time(u64),
    /// See [`Kind::Blob`].
    Blob(String),
}

impl Value {
    /// The kind of a value that is not null.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean(_) => Kind::Boolean,
            Self::Integer(_) => Kind::Integer,
            Self::Float(_) => Kind::Float,
            Self::Text(_) => Kind::Text,
            Self::Bytes(_) => Kind::Bytes,
            Self::Json(_) => Kind::Json,
            Self::Time(_) => Kind::Time,
            Self::Blob(_) => Kind::Blob,
        })
    }

    /// Bytes that this value is counted with in limits: its content, and eight for what has a fixed size.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Text(text) | Self::Json(text) | Self::Blob(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Boolean(_) | Self::Integer(_) | Self::Float(_) | Self::Time(_) => 8,
        }
    }
}

/// One field of a collection.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Field {
    /// Lower case letters, digits and `_`, 1 to 48 long, beginning with a letter.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Never null.
    pub required: bool,
}

/// A look-up path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Index {
    /// In order.
    pub fields: Vec<String>,
    /// No two rows may agree in all fields, unless one of them is null.
    pub unique: bool,
}

/// Full text over some fields, kept apart by scope.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FullText {
    /// Fields of kind text that are searched.
    pub fields: Vec<String>,
    /// Field of kind text that names the scope.
    pub scope: String,
}

/// A collection's definition.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Collection {
    /// As for [`Field::name`].
    pub name: String,
    /// In the order in which they are answered.
    pub fields: Vec<Field>,
    /// The fields that identify a row, in order.
    pub key: Vec<String>,
    /// Look-up paths beside the key.
    pub indexes: Vec<Index>,
    /// What is searched.
    pub full_text: Option<FullText>,
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// One operand, which may be null.
    Equal,
    /// One operand.
    Less,
    /// One operand.
    LessOrEqual,
    /// One operand.
    Greater,
    /// One operand.
    GreaterOrEqual,
    /// 1 to 1,000 operands.
    OneOf,
    /// One operand of kind text.
    StartsWith,
    /// No operand.
    IsNull,
    /// Scope and words.
    Matches,
}

/// One comparison. Two-valued: a null field satisfies no comparison, and every negated one.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Ignored by [`Operator::Matches`].
    pub field: String,
    /// How to compare.
    pub operator: Operator,
    /// What to compare with.
    pub operands: Vec<Value>,
    /// Holds when the comparison does not.
    pub negated: bool,
}

/// All of clauses; a clause holds when any of its conditions holds.
pub type Filter = Vec<Vec<Condition>>;

/// A field to order by; nulls come last in either direction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Order {
    /// The field.
    pub field: String,
    /// Largest first.
    pub descending: bool,
}

/// A look-up.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Where to look.
    pub collection: String,
    /// What to find.
    pub filter: Filter,
    /// In which order; the key is appended, in the direction of the last.
    pub order: Vec<Order>,
    /// The fields to answer; empty: all.
    pub fields: Vec<String>,
    /// 1 to 1,000.
    pub limit: u32,
    /// [`Page::next`] of the page before.
    pub cursor: Option<String>,
}

/// Field names once, then a list of values for each row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Names.
    pub fields: Vec<String>,
    /// One list a row, in the order of `fields`.
    pub values: Vec<Vec<Value>>,
}

/// One page of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// What was found.
    pub rows: Rows,
    /// None: there is no more.
    pub next: Option<String>,
}

/// How soon a job matters, the most urgent first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// A person waits for it.
    Interactive,
    /// Neither.
    Normal,
    /// Whenever there is time.
    Background,
}

/// Work to be done later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// What the plugin calls this work; 1 to 64 characters.
    pub kind: String,
    /// At most one job of a key runs at a time; at most 256 bytes.
    pub key: String,
    /// At most 64 KiB.
    pub payload: Vec<u8>,
    /// Milliseconds since the Unix epoch; none: now.
    pub run_at: Option<u64>,
    /// How soon it matters.
    pub priority: Priority,
}

/// One write of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Inserts rows, or changes the named fields of the rows with these keys.
    Put {
        /// Where.
        collection: String,
        /// What.
        rows: Rows,
    },
    /// Changes the named fields of all rows that match.
    Patch {
        /// Where.
        collection: String,
        /// Which.
        filter: Filter,
        /// Not of the key.
        fields: Vec<String>,
        /// In the order of `fields`.
        values: Vec<Value>,
    },
    /// Adds to an integer field of one row, which is made if it isn't there.
    Add {
        /// Where.
        collection: String,
        /// Which.
        key: Vec<Value>,
        /// Of kind integer.
        field: String,
        /// May be negative; a null field counts as zero.
        amount: i64,
    },
    /// Deletes all rows that match.
    Delete {
        /// Where.
        collection: String,
        /// Which.
        filter: Filter,
    },
    /// Fails the batch unless exactly `count` rows match.
    Require {
        /// Where.
        collection: String,
        /// Which.
        filter: Filter,
        /// How many.
        count: u64,
    },
    /// A job that exists if and only if the batch was applied.
    Enqueue(NewJob),
    /// An event that is sent if and only if the batch was applied.
    Publish {
        /// Lower case words with dots.
        topic: String,
        /// Whose pages hear it; none: everybody's.
        user: Option<String>,
        /// A JSON document of at most 16 KiB.
        payload: String,
    },
}
