"""What is the same everywhere; local_settings.py holds what a server differs in."""
INSTALLED_APPS = ["myproject"]
ROOT_URLCONF = "myproject.urls"
WSGI_APPLICATION = "myproject.wsgi.application"
USE_TZ = True
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {"myproject.tasks.export": {"queue": "exports"}}
CELERY_BEAT_SCHEDULE = {"visit": {"task": "myproject.tasks.visit", "schedule": 20.0, "args": ["beat"]}}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_RESULT_EXPIRES = 600
