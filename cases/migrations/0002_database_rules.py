"""
What the database itself refuses and provides, in the language of each.

Refused: an event, message or record of access, export or import changed or deleted, an event out of
sequence or off the chain of states, a state without the event that led to it. Provided: the sequence
behind case numbers (PostgreSQL) and the search index over ``search_text`` (a generated tsvector with GIN;
FTS5 on SQLite).
"""

from django.db import migrations

FACTS = (
    "cases_caseevent",
    "cases_message",
    "cases_contactaccess",
    "cases_exportrecord",
    "cases_importrecord",
    "cases_escalation",
)

POSTGRESQL = [
    "CREATE SEQUENCE case_number_seq",
    # Tokens are prepared by cases.searching, so no text search parser gets a say in Chinese.
    """
    ALTER TABLE cases_case ADD COLUMN search tsvector
    GENERATED ALWAYS AS (array_to_tsvector(string_to_array(search_text, ' '))) STORED
    """,
    "ALTER TABLE cases_case ALTER COLUMN search SET STATISTICS 1000",
    # Room beside each case for its next version: an update without it enters every word into the search again.
    "ALTER TABLE cases_case SET (fillfactor = 80)",
    # Without a pending list: a search would have to read it through each time.
    "CREATE INDEX case_search ON cases_case USING gin (search) WITH (fastupdate = off)",
    """
    CREATE FUNCTION cases_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% rows are facts: they are never changed or deleted', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_is_never_rewritten BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION cases_refuse_rewriting()
        """
        for table in FACTS
    ),
    """
    CREATE FUNCTION cases_refuse_broken_chain() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT 1 FROM added
            LEFT JOIN cases_caseevent previous
                ON previous.case_id = added.case_id AND previous.seq = added.seq - 1
            WHERE (added.seq = 1 AND added.from_state <> '')
               OR (added.seq > 1 AND previous.to_state IS DISTINCT FROM added.from_state)
        ) THEN
            RAISE EXCEPTION 'an event is out of sequence or does not begin where the last one ended'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER event_chain_is_unbroken AFTER INSERT ON cases_caseevent
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION cases_refuse_broken_chain()
    """,
    """
    CREATE FUNCTION cases_refuse_state_without_event() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT 1 FROM cases_caseevent
            WHERE case_id = NEW.id AND seq = NEW.version AND to_state = NEW.state
        ) THEN
            RAISE EXCEPTION 'the state of a case changes only together with its event'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER case_state_has_its_event BEFORE UPDATE OF state ON cases_case
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION cases_refuse_state_without_event()
    """,
]

REWRITING = """
    CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, '{table} rows are facts: they are never changed or deleted'); END
"""
SQLITE = [
    *(REWRITING.format(table=table, verb=verb) for table in FACTS for verb in ("UPDATE", "DELETE")),
    """
    CREATE TRIGGER event_chain_is_unbroken BEFORE INSERT ON cases_caseevent
    WHEN (NEW.seq = 1 AND NEW.from_state <> '')
      OR (NEW.seq > 1 AND NEW.from_state IS NOT (
            SELECT to_state FROM cases_caseevent WHERE case_id = NEW.case_id AND seq = NEW.seq - 1))
    BEGIN SELECT RAISE(ABORT, 'an event is out of sequence or does not begin where the last one ended'); END
    """,
    """
    CREATE TRIGGER case_state_has_its_event BEFORE UPDATE OF state ON cases_case
    WHEN OLD.state IS NOT NEW.state AND NOT EXISTS (
        SELECT 1 FROM cases_caseevent
        WHERE case_id = NEW.id AND seq = NEW.version AND to_state = NEW.state)
    BEGIN SELECT RAISE(ABORT, 'the state of a case changes only together with its event'); END
    """,
    """
    CREATE VIRTUAL TABLE cases_case_search USING fts5(
        search_text, content='cases_case', content_rowid='id', tokenize='unicode61', prefix='1 3')
    """,
    """
    CREATE TRIGGER case_search_insert AFTER INSERT ON cases_case
    BEGIN INSERT INTO cases_case_search (rowid, search_text) VALUES (NEW.id, NEW.search_text); END
    """,
    """
    CREATE TRIGGER case_search_update AFTER UPDATE OF search_text ON cases_case
    BEGIN
        INSERT INTO cases_case_search (cases_case_search, rowid, search_text)
        VALUES ('delete', OLD.id, OLD.search_text);
        INSERT INTO cases_case_search (rowid, search_text) VALUES (NEW.id, NEW.search_text);
    END
    """,
]


def lay_rules(apps, schema_editor):
    statements = {"postgresql": POSTGRESQL, "sqlite": SQLITE}[schema_editor.connection.vendor]
    for statement in statements:
        schema_editor.execute(statement, params=None)  # None: a % stays a %


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]

    operations = [migrations.RunPython(lay_rules, elidable=False)]
