# Settings of {{ environment }}, written by deploys for a {{ current_role }} server: changes there are overwritten.
from PROJECT.settings import *

DEBUG = False
ALLOWED_HOSTS = {{ allowed_hosts }}
SECRET_KEY = '{{ secret_key }}'
# OWN SECRETS

# The primary, then the replicas; PgBouncer on the same server knows the way to each.
DATABASES = {
{% for database in all_databases %}
    '{{ database.database_key }}': {
        'ENGINE': 'django.db.backends.postgresql',
        'NAME': '{{ database.database_local_name }}',
        'USER': '{{ database_user }}',
        'PASSWORD': '{{ database_password }}',
        'HOST': 'localhost',
        'PORT': '{{ pgbouncer_port }}',
    },
{% endfor %}
}

CACHES = {
    'default': {
        'BACKEND': 'django.core.cache.backends.redis.RedisCache',
        'LOCATION': 'redis://{{ cache_server.internal_ip }}:6379/0',
        'KEY_PREFIX': '{{ vhost }}',
    },
}
SESSION_ENGINE = 'django.contrib.sessions.backends.cache'

CELERY_BROKER_URL = 'amqp://{{ deploy_user }}:{{ broker_password }}@{{ cache_server.internal_ip }}:5672/{{ vhost }}'
CELERY_RESULT_BACKEND = 'redis://{{ cache_server.internal_ip }}:6379/1'

# The load balancer speaks HTTPS with visitors.
SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

MEDIA_ROOT = '{{ media_root }}'
STATIC_ROOT = '{{ static_root }}'
