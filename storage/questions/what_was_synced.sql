-- title: What was synced?
-- about: The last turn of each stream of each integration: when, how it ended, how much came.
-- parameters: integration=
-- needs: metrics.syncs
SELECT
    integration,
    platform,
    stream,
    started_at AS last_sync,
    outcome,
    rows,
    deleted,
    round(seconds, 1) AS seconds,
    "full" AS full_walk,
    message
FROM metrics.syncs
WHERE $integration IN ('', integration)
QUALIFY row_number() OVER (PARTITION BY _owner, integration, stream ORDER BY started_at DESC) = 1
ORDER BY integration, stream;
