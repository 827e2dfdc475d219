"""Imports every models.py, so that migrations and tests see one metadata."""

from sqlmodel import SQLModel

import integrations_app.connections.models
import integrations_app.organizations.models
import integrations_app.workflows.models  # noqa: F401 - registers its tables

metadata = SQLModel.metadata
