from django.conf import settings
from django.db import connections
from django.http import HttpResponse


def healthcheck(request):
    """Asks every database, as the sample of FabulAWS does."""
    counts = []
    for name in settings.DATABASES:
        with connections[name].cursor() as cursor:
            cursor.execute("select count(*) from visits")
            counts.append(f"{name} {cursor.fetchone()[0]}")
    return HttpResponse("ok " + " ".join(counts), content_type="text/plain")


def home(request):
    return HttpResponse("Welcome", content_type="text/plain")
