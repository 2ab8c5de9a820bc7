-- title: Which fields do platforms send that no column declares?
-- about: Undeclared fields by the time they were first seen. Their values are kept in the raw records.
-- parameters: days=3650
-- needs: landed.drift
SELECT first_seen, platform, stream, path, json_type AS type
FROM landed.drift
WHERE first_seen > (SELECT max(first_seen) FROM landed.drift) - to_days($days)
ORDER BY first_seen DESC, platform, stream, path;
