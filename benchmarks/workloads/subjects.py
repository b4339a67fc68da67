"""The data sets and the models that the checks are about; paths start at the table's own folder."""

import aiqa

orders = aiqa.dataset("orders", "orders/*.parquet", label="is_fraud")
reference = aiqa.dataset("reference", "reference/*.parquet")
fraud = aiqa.model(
    "fraud", aiqa.column(score="score"), task="binary", champion=aiqa.column(score="old_score")
)
