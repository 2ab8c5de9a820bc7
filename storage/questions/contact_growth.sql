-- title: How does the number of contacts grow?
-- about: HubSpot contacts created on each day, and all that live, day by day.
-- parameters: days=365
-- needs: hubspot.contacts
-- chart: day contacts
WITH days AS (
    SELECT CAST(created_at AS DATE) AS day, count(*) AS created
    FROM hubspot.contacts
    WHERE _deleted_at IS NULL AND created_at IS NOT NULL
    GROUP BY day
)
SELECT day, created, sum(created) OVER (ORDER BY day) AS contacts
FROM days
QUALIFY day > (SELECT max(day) FROM days) - CAST($days AS INTEGER)
ORDER BY day;
