-- title: How did the syncs go, day by day?
-- about: Turns of streams by day and outcome, with the rows they brought.
-- parameters: days=30 integration=
-- needs: metrics.syncs
-- chart: day rows platform
SELECT
    CAST(started_at AS DATE) AS day,
    platform,
    count(*) AS turns,
    count(*) FILTER (outcome = 'ok') AS ok,
    count(*) FILTER (outcome <> 'ok') AS not_ok,
    sum(rows) AS rows,
    round(sum(seconds), 1) AS seconds
FROM metrics.syncs
WHERE $integration IN ('', integration)
    AND started_at > (SELECT max(started_at) FROM metrics.syncs) - to_days($days)
GROUP BY ALL
ORDER BY day, platform;
