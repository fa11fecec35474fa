//! The schema of a member's cache, kept beside its migrations for readers; `BEZEL_UPDATE=1` writes it anew.

use std::path::Path;

use sqlx::{Connection as _, Row as _, SqliteConnection};

const TABLES: &str = "
    SELECT made.sql
    FROM sqlite_schema made LEFT JOIN pragma_table_list kind ON kind.schema = 'main' AND kind.name = made.name
    WHERE made.sql IS NOT NULL AND coalesce(kind.type, 'none') <> 'shadow'
    ORDER BY made.tbl_name, made.type DESC, made.name";

#[tokio::test]
async fn the_written_schema_of_a_member_is_the_one_that_the_migrations_make() {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    let mut files: Vec<_> = std::fs::read_dir(migrations.join("client")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let migration = sqlx::AssertSqlSafe(std::fs::read_to_string(file).unwrap());
        sqlx::raw_sql(migration).execute(&mut connection).await.unwrap();
    }
    let mut schema = String::from("-- Generated from the migrations; compared by a test.\n");
    for row in sqlx::query(TABLES).fetch_all(&mut connection).await.unwrap() {
        schema.push('\n');
        schema.push_str(&row.get::<String, _>("sql"));
        schema.push_str(";\n");
    }
    let path = migrations.join("schema/client.sql");
    if std::env::var_os("BEZEL_UPDATE").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), schema, "run the test with BEZEL_UPDATE=1");
}
