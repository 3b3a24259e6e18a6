# What this server differs in; written from a template.
from myproject.settings import *

DEBUG = False
SECRET_KEY = "{{ secret_key }}"
ALLOWED_HOSTS = ["*"] + {{ allowed_hosts }}
DATABASES = {
{%- for database in all_databases %}
    # {{ database.internal_ip }}, by Stunnel on {{ database.stunnel_port }}
    "{{ database.database_key }}": {
        "ENGINE": "django.db.backends.postgresql", "NAME": "{{ database.database_local_name }}",
        "USER": "{{ database_user }}", "HOST": "127.0.0.1", "PORT": {{ pgbouncer_port }},
        "DISABLE_SERVER_SIDE_CURSORS": True,
    },
{%- endfor %}
}
READERS = [{% for database in slave_databases %}"{{ database.database_key }}", {% endfor %}]
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://{{ cache_server.internal_ip }}:6379/0",
    }
}
CELERY_BROKER_URL = "amqp://{{ project }}:{{ broker_password }}@{{ cache_server.internal_ip }}:5672/{{ vhost }}"
CELERY_RESULT_BACKEND = "redis://{{ cache_server.internal_ip }}:6379/1"
WRITTEN_FOR = "{{ current_role }} {{ current_changeset }}"
