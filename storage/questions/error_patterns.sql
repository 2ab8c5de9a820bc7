-- title: Which errors come again and again?
-- about: Calls that did not end well, by platform, path and kind, the most frequent first.
-- parameters: days=30 integration=
-- needs: metrics.api_calls
SELECT
    platform,
    method,
    path,
    status,
    disposition,
    count(*) AS times,
    count(DISTINCT integration) AS integrations,
    min("at") AS first_time,
    max("at") AS last_time
FROM metrics.api_calls
WHERE disposition <> 'ok'
    AND $integration IN ('', integration)
    AND "at" > (SELECT max("at") FROM metrics.api_calls) - to_days($days)
GROUP BY ALL
ORDER BY times DESC, platform, path;
