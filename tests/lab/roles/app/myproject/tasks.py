import time

from celery import shared_task
from django.db import connection


@shared_task
def visit(note):
    """Writes a row, through PgBouncer and Stunnel, and gives its number."""
    with connection.cursor() as cursor:
        cursor.execute("insert into visits (note) values (%s) returning id", [note])
        return cursor.fetchone()[0]


@shared_task
def add(first, second):
    return first + second


@shared_task
def nap(seconds):
    """Runs for so long."""
    time.sleep(seconds)
    return seconds


@shared_task
def export(number):
    """Work of the queue `exports`."""
    return number
