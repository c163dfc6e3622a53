"""The workspace: the database and the folder that keep everything."""

from turnwise.workspace.adding import AddResult, content_hash
from turnwise.workspace.answers import Spending, SqlAnswerStore
from turnwise.workspace.changes import Change
from turnwise.workspace.counting import Counts
from turnwise.workspace.decision_log import SqlDecisionLog
from turnwise.workspace.forgetting import Forgotten
from turnwise.workspace.reviews import Kept, Replaced, ReviewsPut
from turnwise.workspace.runs import Run
from turnwise.workspace.superseded import Moved, Open
from turnwise.workspace.vectors import SqliteVectorStore
from turnwise.workspace.workspace import Workspace

__all__ = [
    "AddResult",
    "Change",
    "Counts",
    "Forgotten",
    "Kept",
    "Moved",
    "Open",
    "Replaced",
    "ReviewsPut",
    "Run",
    "Spending",
    "SqlAnswerStore",
    "SqlDecisionLog",
    "SqliteVectorStore",
    "Workspace",
    "content_hash",
]
