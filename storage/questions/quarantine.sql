-- title: Which records are in quarantine, and why?
-- about: Records that did not pass the checks and were not replayed since, by stream and reason, with an example.
-- parameters: integration=
-- needs: landed.quarantine
SELECT
    platform,
    stream,
    integration,
    reason,
    count(*) AS records,
    min("at") AS first_time,
    max("at") AS last_time,
    any_value(id) AS example
FROM landed.quarantine
WHERE replayed_at IS NULL AND $integration IN ('', integration)
GROUP BY ALL
ORDER BY records DESC, platform, stream;
