-- title: How healthy were the integrations?
-- about: Health checks by day, integration and check: how many, how many were not healthy, the last message.
-- parameters: days=30 integration=
-- needs: metrics.health_checks
-- chart: day not_healthy integration
SELECT
    CAST("at" AS DATE) AS day,
    integration,
    check_name,
    count(*) AS checks,
    count(*) FILTER (status <> 'healthy') AS not_healthy,
    arg_max(status, "at") AS last_status,
    round(avg(value), 1) AS mean_value,
    any_value(unit) AS unit,
    arg_max(message, "at") AS last_message
FROM metrics.health_checks
WHERE $integration IN ('', integration) AND "at" > (SELECT max("at") FROM metrics.health_checks) - to_days($days)
GROUP BY ALL
ORDER BY day, integration, check_name;
