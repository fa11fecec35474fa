//! The schema that the migrations make, kept beside them for readers; `BEZEL_UPDATE=1` writes it anew.

use std::path::Path;

use sqlx::{Connection as _, Row as _, SqliteConnection};

#[tokio::test]
async fn the_written_schema_is_the_one_that_the_migrations_make() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("relay.db");
    drop(bezel_relay::store::SqliteStore::open(&database).await.unwrap());
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    let rows = sqlx::query(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY tbl_name, type DESC, name",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut schema = String::from("-- Generated from the migrations; compared by a test.\n");
    for row in rows {
        schema.push_str(&format!("\n{};\n", row.get::<String, _>("sql")));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/schema/relay-sqlite.sql");
    if std::env::var_os("BEZEL_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &schema).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), schema, "run the test with BEZEL_UPDATE=1");
}

/// An audit entry is not to be changed even by whoever has the database open through this relay.
#[tokio::test]
async fn the_database_refuses_to_change_an_audit_entry() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("relay.db");
    drop(bezel_relay::store::SqliteStore::open(&database).await.unwrap());
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    sqlx::query("INSERT INTO encryption_audit_logs (sequence, entry, hash) VALUES (1, x'00', x'00')")
        .execute(&mut connection)
        .await
        .unwrap();
    for change in ["UPDATE encryption_audit_logs SET entry = x'01'", "DELETE FROM encryption_audit_logs"] {
        let refused = sqlx::query(change).execute(&mut connection).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}
