"""Asking language models: any endpoint that speaks OpenAI's chat completions.

    client = Client(endpoint, answers, Budget(money=20))
    reply = await client.ask(Question(task, values))

A task is a template and an answer model; a question fills it. Every answer is checked, kept with
what it cost, and never paid twice. Nothing here knows of taxonomies or of workspaces.
"""

from turnwise.llm.answers import AnswerStore, KeptAnswer, MemoryAnswers
from turnwise.llm.budget import Budget, BudgetReached, Spend
from turnwise.llm.client import Client
from turnwise.llm.endpoint import Endpoint, EndpointError
from turnwise.llm.estimate import Estimate, estimate
from turnwise.llm.loop import Background, together
from turnwise.llm.tasks import Asker, Question, Reply, Task
from turnwise.llm.templates import load_template

__all__ = [
    "AnswerStore",
    "Asker",
    "Background",
    "Budget",
    "BudgetReached",
    "Client",
    "Endpoint",
    "EndpointError",
    "Estimate",
    "KeptAnswer",
    "MemoryAnswers",
    "Question",
    "Reply",
    "Spend",
    "Task",
    "estimate",
    "load_template",
    "together",
]
