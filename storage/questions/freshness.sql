-- title: How fresh is the data?
-- about: For each stream, when it last reached its end and how long that is before the last sync of anything.
-- needs: metrics.syncs
SELECT
    integration,
    platform,
    stream,
    max(finished_at) FILTER (outcome = 'ok') AS complete_at,
    round(date_diff('second', complete_at, (SELECT max(finished_at) FROM metrics.syncs)) / 3600, 1) AS hours_behind,
    arg_max(outcome, started_at) AS last_outcome
FROM metrics.syncs
GROUP BY ALL
ORDER BY hours_behind DESC NULLS FIRST, integration, stream;
