//! The tables that a query names, before any of them is bound.
//!
//! Knows grammar only: a name may be of a table that does not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::common::TableReference;
use datafusion::sql::parser::Statement;
use datafusion::sql::planner::object_name_to_table_reference;
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{self, TableFactor, Visit, Visitor};

use crate::error::QueryError;
use crate::explain::position_of;
use crate::statement;

/// A table that a query names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The name as the engine reads it: in lower case, unless it was written in quotes; with its schema, `sales.orders`,
    /// where it has one.
    pub name: String,
    /// Line and character of the first place where it stands, from 1, if it is found.
    pub position: Option<(u64, u64)>,
}

/// The tables that `sql` names, by name; the names of its own `WITH` parts and table functions are not among them.
///
/// # Errors
/// It is not one `SELECT`.
pub fn mentions(sql: &str) -> Result<Vec<Mention>, QueryError> {
    let statement = statement::parse(sql)?.statement;
    let mut calls = Calls::default();
    let _ = statement.visit(&mut calls);
    let unnamed = |_| QueryError::Syntax {
        message: "a table has a name of too many parts".into(),
        line: None,
        column: None,
        hint: Some("write the table's name alone".into()),
    };
    let (tables, _) = resolve_table_references(&Statement::Statement(Box::new(statement)), true).map_err(unnamed)?;
    // One table may be written in several ways.
    let named: BTreeSet<String> = tables.iter().map(name_of).filter(|name| !calls.only_called(name)).collect();
    Ok(named.into_iter().map(|name| Mention { position: position_of(sql, &name), name }).collect())
}

/// The engine keeps bound tables in one place, which a query may spell out.
fn name_of(table: &TableReference) -> String {
    match (table.catalog(), table.schema()) {
        (None | Some("datafusion"), None | Some("public")) => table.table().to_owned(),
        (None | Some("datafusion"), Some(schema)) => format!("{schema}.{}", table.table()),
        (Some(_), _) => table.to_string(),
    }
}

/// Which names stand with arguments, as functions do, and which without.
#[derive(Default)]
struct Calls {
    /// Whether a name is also used without arguments.
    names: BTreeMap<String, bool>,
}

impl Calls {
    fn only_called(&self, name: &str) -> bool {
        self.names.get(name).is_some_and(|bare| !bare)
    }
}

impl Visitor for Calls {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &ast::TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args, .. } = factor
            && let Ok(table) = object_name_to_table_reference(name.clone(), true)
        {
            *self.names.entry(name_of(&table)).or_default() |= args.is_none();
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sql: &str, want: &[&str]) {
        let found: Vec<String> = mentions(sql).unwrap().into_iter().map(|mention| mention.name).collect();
        assert_eq!(found, want, "{sql}");
    }

    #[test]
    fn tables_and_nothing_that_only_looks_like_one() {
        check("SELECT 1", &[]);
        check("VALUES (1), (2)", &[]);
        check("SELECT * FROM contacts", &["contacts"]);
        check("SELECT * FROM Contacts c JOIN orders o ON c.id = o.id, Contacts", &["contacts", "orders"]);
        check("SELECT * FROM \"Contacts\"", &["Contacts"]);
        check("SELECT * FROM public.contacts UNION SELECT * FROM datafusion.public.orders", &["contacts", "orders"]);
        check("SELECT * FROM other.contacts", &["other.contacts"]);
        check(
            "SELECT * FROM Sales.Orders, datafusion.sales.orders, a.sales.orders",
            &["a.sales.orders", "sales.orders"],
        );
        check("WITH orders AS (SELECT * FROM sales.orders) SELECT * FROM orders", &["sales.orders"]);
        check("WITH c AS (SELECT * FROM contacts) SELECT * FROM c", &["contacts"]);
        check("WITH contacts AS (SELECT * FROM contacts) SELECT * FROM contacts", &["contacts"]);
        check("WITH a AS (SELECT * FROM x), b AS (SELECT * FROM a) SELECT * FROM b", &["x"]);
        check("SELECT * FROM a WHERE id IN (SELECT id FROM b WHERE EXISTS (SELECT 1 FROM c))", &["a", "b", "c"]);
        check("SELECT (SELECT max(x) FROM a) FROM (SELECT * FROM b) s", &["a", "b"]);
        check("SELECT * FROM generate_series(1, 3), a", &["a"]);
        check("SELECT * FROM 'x.csv'", &["x.csv"]);
        check("SELECT 'FROM nothing' -- FROM nowhere\n", &[]);
    }

    #[test]
    fn the_first_place_of_a_name() {
        let found = mentions("SELECT contacts_id\n  FROM contacts").unwrap();
        assert_eq!(found[0].position, Some((2, 8)));
        assert!(matches!(mentions("DROP TABLE contacts"), Err(QueryError::NotSelect { .. })));
    }
}
