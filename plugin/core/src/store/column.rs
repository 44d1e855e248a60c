//! Rows as structs: a struct states its collection and its fields once, and schema, reading and writing follow from it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::platform::{Field, Kind, StoreError, Value};

/// A type that a field can hold.
pub(crate) trait Column: Sized {
    const KIND: Kind;
    const REQUIRED: bool = true;
    fn write(self) -> Value;
    fn read(value: Value) -> Option<Self>;
}

impl Column for String {
    const KIND: Kind = Kind::Text;
    fn write(self) -> Value {
        Value::Text(self)
    }
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Column for bool {
    const KIND: Kind = Kind::Boolean;
    fn write(self) -> Value {
        Value::Boolean(self)
    }
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }
}

impl Column for i64 {
    const KIND: Kind = Kind::Integer;
    fn write(self) -> Value {
        Value::Integer(self)
    }
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Integer(integer) => Some(integer),
            _ => None,
        }
    }
}

/// `u64` is always a time.
impl Column for u64 {
    const KIND: Kind = Kind::Time;
    fn write(self) -> Value {
        Value::Time(self)
    }
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Time(time) => Some(time),
            _ => None,
        }
    }
}

/// A blob that this row keeps alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob(pub String);

impl Column for Blob {
    const KIND: Kind = Kind::Blob;
    fn write(self) -> Value {
        Value::Blob(self.0)
    }
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Blob(blob) => Some(Self(blob)),
            _ => None,
        }
    }
}

/// Anything that serde knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned> Column for Json<T> {
    const KIND: Kind = Kind::Json;
    fn write(self) -> Value {
        serde_json::to_string(&self.0).map_or(Value::Null, Value::Json)
    }
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Json(json) => serde_json::from_str(&json).ok().map(Self),
            _ => None,
        }
    }
}

impl<T: Column> Column for Option<T> {
    const KIND: Kind = T::KIND;
    const REQUIRED: bool = false;
    fn write(self) -> Value {
        self.map_or(Value::Null, T::write)
    }
    fn read(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }
}

/// A row, or some of its fields.
pub(crate) trait Row: Sized {
    const COLLECTION: &'static str;
    const FIELDS: &'static [&'static str];
    fn schema() -> Vec<Field>;
    fn read(values: Vec<Value>) -> Result<Self, StoreError>;
    fn write(self) -> Vec<Value>;
}

/// The value of one field of a row that is being read.
pub(crate) fn take<T: Column>(
    values: &mut impl Iterator<Item = Value>,
    collection: &str,
    field: &str,
) -> Result<T, StoreError> {
    values.next().and_then(T::read).ok_or_else(|| {
        StoreError::Other(format!("{collection}.{field} holds something unexpected"))
    })
}

/// Declares a row: `row! { "collection" => pub struct Name { field: Type, … } }`.
macro_rules! row {
    ($(#[$meta:meta])* $collection:literal => pub struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "fields named by the provider model, or documented one by one")]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $crate::store::column::Row for $name {
            const COLLECTION: &'static str = $collection;
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn schema() -> Vec<$crate::platform::Field> {
                vec![$($crate::platform::Field {
                    name: stringify!($field),
                    kind: <$type as $crate::store::column::Column>::KIND,
                    required: <$type as $crate::store::column::Column>::REQUIRED,
                }),*]
            }

            fn read(values: Vec<$crate::platform::Value>) -> Result<Self, $crate::platform::StoreError> {
                let mut values = values.into_iter();
                Ok(Self { $($field: $crate::store::column::take(&mut values, $collection, stringify!($field))?,)* })
            }

            fn write(self) -> Vec<$crate::platform::Value> {
                vec![$($crate::store::column::Column::write(self.$field)),*]
            }
        }
    };
}
pub(crate) use row;
