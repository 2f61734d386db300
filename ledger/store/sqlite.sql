-- What SQLite itself guards. Statements are separated by a line that holds only "---".
-- SQLite has row triggers only: lines are written first and their event last, which then checks them.

CREATE TRIGGER IF NOT EXISTS events_never_change BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed or removed'); END
---
CREATE TRIGGER IF NOT EXISTS events_never_go BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed or removed'); END
---
-- INSERT OR REPLACE would otherwise remove a row without asking the trigger above.
CREATE TRIGGER IF NOT EXISTS events_never_replaced BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE position = new.position)
  OR EXISTS (SELECT 1 FROM events WHERE originator_id = new.originator_id AND originator_version = new.originator_version)
BEGIN SELECT RAISE(ABORT, 'events are never changed or removed'); END
---
CREATE TRIGGER IF NOT EXISTS lines_never_change BEFORE UPDATE ON lines
BEGIN SELECT RAISE(ABORT, 'lines are never changed or removed'); END
---
CREATE TRIGGER IF NOT EXISTS lines_never_go BEFORE DELETE ON lines
BEGIN SELECT RAISE(ABORT, 'lines are never changed or removed'); END
---
CREATE TRIGGER IF NOT EXISTS events_balance AFTER INSERT ON events
WHEN EXISTS (SELECT 1 FROM lines WHERE position = new.position GROUP BY entity HAVING sum(amount_vnd) <> 0)
BEGIN SELECT RAISE(ABORT, 'a posting does not balance within each entity'); END
---
CREATE TRIGGER IF NOT EXISTS lines_come_first BEFORE INSERT ON lines
WHEN EXISTS (SELECT 1 FROM events WHERE position = new.position)
BEGIN SELECT RAISE(ABORT, 'lines are written with their event, not after it'); END
---
-- A sum beyond 64 bits would silently become a fraction.
CREATE TRIGGER IF NOT EXISTS balances_stay_whole BEFORE UPDATE ON balances
WHEN typeof(new.amount_vnd) <> 'integer'
BEGIN SELECT RAISE(ABORT, 'a balance is a whole number of 64 bits'); END
