//! Our statements as the server takes them: places with numbers, and arguments in its types.

use sqlx::Arguments as _;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArguments, PgTypeInfo};

use super::escape::escape;
use crate::db::{Arg, Sql};
use crate::error::Error;

/// Null of whatever type its place has.
struct Untyped;

impl sqlx::Type<sqlx::Postgres> for Untyped {
    fn type_info() -> PgTypeInfo {
        // `unknown`
        PgTypeInfo::with_oid(Oid(705))
    }
}

impl sqlx::Encode<'_, sqlx::Postgres> for Untyped {
    fn encode_by_ref(
        &self,
        _: &mut sqlx::postgres::PgArgumentBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        Ok(sqlx::encode::IsNull::Yes)
    }
}

pub(super) fn lower(sql: Sql) -> Result<(String, PgArguments, bool), Error> {
    let mut arguments = PgArguments::default();
    arguments.reserve(sql.args.len(), 0);
    let text = number_placeholders(&sql.text, sql.args.len());
    for arg in sql.args {
        match arg {
            Arg::Null => arguments.add(Untyped),
            Arg::Int(value) => arguments.add(value),
            Arg::Real(value) => arguments.add(value),
            Arg::Text(value) => arguments.add(escape(value)),
            Arg::Bytes(value) => arguments.add(value),
        }
        .map_err(|error| Error::Unavailable(error.to_string()))?;
    }
    Ok((text, arguments, !sql.once))
}

/// Each `?` in its turn as `$1`, `$2` and so on. None of our statements has a question mark that means anything else.
fn number_placeholders(text: &str, args: usize) -> String {
    let mut numbered = String::with_capacity(text.len() + args * 4);
    for (number, part) in text.split('?').enumerate() {
        if number > 0 {
            numbered.push('$');
            numbered.push_str(&number.to_string());
        }
        numbered.push_str(part);
    }
    numbered
}
