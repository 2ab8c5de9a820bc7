from __future__ import annotations

from tests.platforms.told import Told
from tests.spec.judges import Specified
from tests.spec.judging import Judge

TOLD = Told(
    unresolved={
        "files": {"expires_at": "only set where it was asked for at creation"},
        "vector_stores": {"expires_at": "only set where it was asked for at creation"},
        "batches": {
            "cancelled_at": "nobody cancels in the sandbox",
            "error_file_id": "the sandbox leaves it out or null",
            "metadata": "the sandbox leaves it out or null",
        },
        "fine_tuning_jobs": {
            "validation_file": "the sandbox leaves it out or null",
            "estimated_finish": "the sandbox leaves it out or null",
        },
        "users": {
            "is_service_account": "the sandbox leaves it out or null",
            "api_key_last_used_at": "the sandbox leaves it out or null",
        },
    },
    records={
        "nango/cancel-fine-tuning-job.json": ("fine_tuning_jobs", ""),
        "nango/create-batch.json": ("batches", ""),
        "nango/get-batch.json": ("batches", ""),
        "nango/get-file.json": ("files", ""),
        "nango/get-model.json": ("models", ""),
        "nango/create-vector-store.json": ("vector_stores", ""),
        "nango/get-vector-store.json": ("vector_stores", ""),
        "nango/update-vector-store.json": ("vector_stores", ""),
    },
    unread={
        "nango/add-vector-store-file.json": "an answer to a write, which tells no record",
        "nango/create-chat-completion.json": "a use of a model",
        "nango/create-moderation.json": "a use of a model",
        "nango/create-response.json": "a use of a model",
        "nango/delete-response.json": "an answer to a write, which tells no record",
        "nango/delete-vector-store-file.json": "an answer to a write, which tells no record",
        "nango/delete-vector-store.json": "an answer to a write, which tells no record",
        "nango/get-response.json": "a use of a model",
        "nango/get-vector-store-file.json": "data that no stream reads",
        "nango/list-vector-store-files.json": "data that no stream reads",
        "nango/search-vector-store.json": "data that no stream reads",
    },
    judge=Judge(document=Specified(platform="openai")),
)
