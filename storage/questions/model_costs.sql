-- title: What do the models cost?
-- about: OpenAI costs by day and line item, in the account's currency, with the item's sum since the window began.
-- parameters: days=30
-- needs: openai.costs
-- chart: day amount line_item
WITH days AS (
    SELECT
        CAST(start_time AS DATE) AS day,
        coalesce(line_item, 'everything') AS line_item,
        sum(amount_value) AS amount,
        amount_currency AS currency
    FROM openai.costs
    WHERE _deleted_at IS NULL AND start_time > (SELECT max(start_time) FROM openai.costs) - to_days($days)
    GROUP BY ALL
)
SELECT
    day,
    line_item,
    round(amount, 4) AS amount,
    round(sum(amount) OVER (PARTITION BY line_item, currency ORDER BY day), 4) AS amount_so_far,
    currency
FROM days
ORDER BY day, line_item;
