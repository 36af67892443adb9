"""The guide's views: the paginated list, one X-ray, and statistics as JSON and as a page."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import JsonResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from django.views.generic import DetailView, ListView, View

from .models import Prediction, XRayImage
from .services import PredictionService

NAVIGATION = [("Predictions", "/"), ("Statistics", "/statistics/")]


class PredictionListView(LoginRequiredMixin, ListView):
    model = Prediction
    paginate_by = 25
    template_name = "detection/prediction_list.html"
    extra_context = {"navigation_items": NAVIGATION}

    def get_queryset(self):
        return (
            Prediction.objects.select_related("xray__patient__user", "reviewed_by")
            .prefetch_related("xray__predictions")
            .only(
                "id",
                "final_diagnosis",
                "consensus_confidence",
                "agreement",
                "inconclusive",
                "created_at",
                "is_validated",
                "xray__source",
                "xray__patient__record_number",
                "xray__patient__full_name",
                "xray__patient__user__username",
                "reviewed_by__username",
            )
            .order_by("-created_at")
        )


class XRayDetailView(LoginRequiredMixin, DetailView):
    model = XRayImage
    template_name = "detection/xray_detail.html"
    extra_context = {"navigation_items": NAVIGATION}

    def get_queryset(self):
        return XRayImage.objects.select_related("patient__user").prefetch_related(
            "predictions__scores", "predictions__reviewed_by", "patient__xrays__predictions"
        )


@method_decorator(cache_page(60 * 15), name="dispatch")
class PredictionStatsView(View):
    def get(self, request):
        return JsonResponse(PredictionService.get_statistics())


def statistics_page(request, total):
    context = {
        "total": total,
        "diagnoses": PredictionService.compute_by_diagnosis(),
        "navigation_items": NAVIGATION,
    }
    return render(request, "detection/statistics.html", context)


@method_decorator(cache_page(60 * 15), name="dispatch")
class StatisticsPageView(LoginRequiredMixin, View):
    def get(self, request):
        return statistics_page(request, PredictionService.get_statistics())


@login_required
def cold_statistics_page(request):
    return statistics_page(request, PredictionService.compute_statistics())


def cold_statistics_json(request):
    return JsonResponse(PredictionService.compute_statistics())
