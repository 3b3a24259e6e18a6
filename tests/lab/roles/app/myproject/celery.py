import os

from celery import Celery
from celery.events.snapshot import Polaroid

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "myproject.local_settings")
app = Celery("myproject")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["myproject"])


class Camera(Polaroid):
    """Counts what it sees."""
    clear_after = True

    def on_shutter(self, state):
        if state.event_count:
            print(f"{state.event_count} events, {state.task_count} tasks", flush=True)
