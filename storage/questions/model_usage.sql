-- title: How many tokens do the models use?
-- about: OpenAI requests and tokens by day and model.
-- parameters: days=30
-- needs: openai.usage_completions
-- chart: day tokens model
SELECT
    CAST(start_time AS DATE) AS day,
    coalesce(model, 'all models') AS model,
    sum(num_model_requests) AS requests,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(input_tokens) + sum(output_tokens) AS tokens
FROM openai.usage_completions
WHERE _deleted_at IS NULL
    AND start_time > (SELECT max(start_time) FROM openai.usage_completions) - to_days($days)
GROUP BY ALL
ORDER BY day, model;
