"""What is the same everywhere; local_settings.py holds what a server differs in."""
from pathlib import Path

INSTALLED_APPS = ["django.contrib.staticfiles", "myproject"]
STATIC_URL, STATIC_ROOT = "/static/", Path(__file__).resolve().parents[2] / "static"
ROOT_URLCONF = "myproject.urls"
WSGI_APPLICATION = "myproject.wsgi.application"
USE_TZ = True
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {"myproject.tasks.export": {"queue": "exports"}}
CELERY_BEAT_SCHEDULE = {"visit": {"task": "myproject.tasks.visit", "schedule": 20.0, "args": ["beat"]}}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_RESULT_EXPIRES = 600
