-- title: Does the data meet what is expected of it?
-- about: The last result of each expectation, those that failed first.
-- needs: metrics.quality_results
SELECT platform, stream, expectation, column_name, success, unexpected, checked, observed, "at"
FROM metrics.quality_results
QUALIFY row_number() OVER (
    PARTITION BY _owner, platform, stream, suite, expectation, column_name ORDER BY "at" DESC) = 1
ORDER BY success, platform, stream, expectation, column_name;
