from django.urls import path

from . import views

urlpatterns = [path("healthcheck.html", views.healthcheck), path("", views.home)]
