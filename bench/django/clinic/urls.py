"""Every address of the comparison site."""

from detection import views
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

urlpatterns = [
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("", views.PredictionListView.as_view(), name="prediction-list"),
    path("xrays/<int:pk>/", views.XRayDetailView.as_view(), name="xray-detail"),
    path("statistics/", views.StatisticsPageView.as_view(), name="statistics"),
    path("api/statistics/", views.PredictionStatsView.as_view(), name="statistics-json"),
    # The same two views without their caches: what a miss costs.
    path("cold/statistics/", views.cold_statistics_page, name="statistics-cold"),
    path("cold/api/statistics/", views.cold_statistics_json, name="statistics-json-cold"),
]
