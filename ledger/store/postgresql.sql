-- What PostgreSQL itself guards and does in one round trip. {schema} and {lock} are filled in by engines.py.
-- Statements are separated by a line that holds only "---".

CREATE OR REPLACE FUNCTION {schema}.events_are_for_ever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events are never changed or removed' USING ERRCODE = 'restrict_violation';
END $$
---
DROP TRIGGER IF EXISTS events_for_ever ON {schema}.events
---
CREATE TRIGGER events_for_ever BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.events
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.events_are_for_ever()
---
DROP TRIGGER IF EXISTS lines_for_ever ON {schema}.lines
---
CREATE TRIGGER lines_for_ever BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.lines
  FOR EACH STATEMENT EXECUTE FUNCTION {schema}.events_are_for_ever()
---
CREATE OR REPLACE FUNCTION {schema}.lines_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM fresh GROUP BY position, entity HAVING sum(amount_vnd) <> 0) THEN
    RAISE EXCEPTION 'a posting does not balance within each entity' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
---
DROP TRIGGER IF EXISTS lines_balance ON {schema}.lines
---
CREATE TRIGGER lines_balance AFTER INSERT ON {schema}.lines
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION {schema}.lines_balance()
---
-- Appends a batch of commands, or, when any of them comes too late, writes nothing and says which
-- (ordinals from 1) and why: 1 the version, notice or tracking is taken; 2 the directory has moved on.
-- The plan settings keep young tables from being hashed and their plans from being kept.
CREATE OR REPLACE FUNCTION {schema}.events_append(
  now_us bigint, ids uuid[], versions bigint[], topics text[], states text[], salts bytea[], commands int[],
  line_events int[], line_numbers int[], line_entities uuid[], line_codes text[], line_amounts bigint[],
  inbox_events int[], inbox_commands int[], inbox_connections text[], inbox_ids text[], inbox_seen int[],
  inbox_digests bytea[], inbox_transfers uuid[], inbox_received bigint[], inbox_keys bytea[], inbox_bodies bytea[],
  directory_events int[], guard_commands int[], guard_positions bigint[],
  tracking_commands int[], tracking_names text[], tracking_ids bigint[],
  OUT head bigint, OUT taken int[], OUT why int[]
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  last_us bigint;
  guards boolean := cardinality(guard_commands) > 0;
  notices boolean := cardinality(inbox_events) > 0;
  trackings boolean := cardinality(tracking_commands) > 0;
BEGIN
  PERFORM pg_advisory_xact_lock({lock});
  -- A statement of its own, so that its snapshot is taken after the lock.
  SELECT e.position, e.recorded_at INTO head, last_us FROM {schema}.events e ORDER BY e.position DESC LIMIT 1;
  head := coalesce(head, 0);

  SELECT array_agg(u.command), array_agg(1) INTO taken, why
    FROM unnest(ids, versions, commands) AS u(id, version, command)
   WHERE EXISTS (SELECT FROM {schema}.events e WHERE e.originator_id = u.id AND e.originator_version = u.version);
  IF notices THEN
    SELECT taken || array_agg(u.command), why || array_agg(1) INTO taken, why
      FROM unnest(inbox_connections, inbox_ids, inbox_seen, inbox_commands) AS u(connection, event_id, seen, command)
     WHERE (SELECT count(*) FROM {schema}.inbox i WHERE i.connection = u.connection AND i.event_id = u.event_id) <> u.seen;
  END IF;
  IF trackings THEN
    SELECT taken || array_agg(u.command), why || array_agg(1) INTO taken, why
      FROM unnest(tracking_commands, tracking_names, tracking_ids) AS u(command, name, id)
     WHERE EXISTS (SELECT FROM {schema}.tracking t WHERE t.application_name = u.name AND t.notification_id >= u.id);
  END IF;
  IF guards THEN
    SELECT taken || array_agg(u.command), why || array_agg(2) INTO taken, why
      FROM unnest(guard_commands, guard_positions) AS u(command, decided_on)
     WHERE EXISTS (SELECT FROM {schema}.directory d WHERE d.position > u.decided_on);
  END IF;
  IF cardinality(taken) > 0 THEN
    RETURN;
  END IF;

  INSERT INTO {schema}.events (position, originator_id, originator_version, topic, state, salt, recorded_at)
  SELECT head + u.n, u.id, u.version, u.topic, u.state, u.salt, greatest(now_us, last_us)
    FROM unnest(ids, versions, topics, states, salts) WITH ORDINALITY AS u(id, version, topic, state, salt, n);
  IF cardinality(line_events) > 0 THEN
    INSERT INTO {schema}.lines (position, line, entity, code, amount_vnd)
    SELECT head + u.event, u.line, u.entity, u.code, u.amount_vnd
      FROM unnest(line_events, line_numbers, line_entities, line_codes, line_amounts) AS u(event, line, entity, code, amount_vnd);
    INSERT INTO {schema}.balances AS b (entity, code, amount_vnd)
    SELECT u.entity, u.code, sum(u.amount_vnd)::bigint
      FROM unnest(line_entities, line_codes, line_amounts) AS u(entity, code, amount_vnd)
     GROUP BY u.entity, u.code ORDER BY u.entity, u.code
    ON CONFLICT (entity, code) DO UPDATE SET amount_vnd = b.amount_vnd + excluded.amount_vnd;
  END IF;
  IF notices THEN
    INSERT INTO {schema}.inbox (connection, event_id, digest, transfer_id, position, received_at, key, body)
    SELECT u.connection, u.event_id, u.digest, u.transfer, head + u.event, u.received, u.key, u.body
      FROM unnest(inbox_events, inbox_connections, inbox_ids, inbox_digests, inbox_transfers, inbox_received, inbox_keys, inbox_bodies)
        AS u(event, connection, event_id, digest, transfer, received, key, body);
  END IF;
  IF cardinality(directory_events) > 0 THEN
    INSERT INTO {schema}.directory (position) SELECT head + u.event FROM unnest(directory_events) AS u(event);
  END IF;
  IF trackings THEN
    INSERT INTO {schema}.tracking AS t (application_name, notification_id)
    SELECT u.name, u.id FROM unnest(tracking_names, tracking_ids) AS u(name, id)
    ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id;
  END IF;
END $$
