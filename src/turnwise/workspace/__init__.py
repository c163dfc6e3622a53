"""The workspace: the database and the folder that keep everything."""

from turnwise.workspace.adding import AddResult, content_hash
from turnwise.workspace.answers import Spending, SqlAnswerStore
from turnwise.workspace.counting import Counts
from turnwise.workspace.forgetting import Forgotten
from turnwise.workspace.runs import Run
from turnwise.workspace.vectors import SqliteVectorStore
from turnwise.workspace.workspace import Workspace

__all__ = [
    "AddResult",
    "Counts",
    "Forgotten",
    "Run",
    "Spending",
    "SqlAnswerStore",
    "SqliteVectorStore",
    "Workspace",
    "content_hash",
]
