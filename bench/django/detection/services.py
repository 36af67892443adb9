"""Statistics behind the low-level cache, as the guide writes them."""

from django.core.cache import cache
from django.db.models import Avg, Count, Q

from .models import Prediction


class PredictionService:
    @staticmethod
    def compute_statistics() -> dict:
        return Prediction.objects.aggregate(
            total=Count("id"),
            covid_cases=Count("id", filter=Q(final_diagnosis="COVID")),
            normal_cases=Count("id", filter=Q(final_diagnosis="Normal")),
            avg_confidence=Avg("consensus_confidence"),
        )

    @staticmethod
    def compute_by_diagnosis() -> list[dict]:
        stats = Prediction.objects.values("final_diagnosis").annotate(
            count=Count("id"), avg_confidence=Avg("consensus_confidence")
        )
        return list(stats.order_by("final_diagnosis"))

    @staticmethod
    def get_statistics() -> dict:
        """Get prediction statistics with caching"""
        cache_key = "prediction_statistics"
        stats = cache.get(cache_key)
        if stats is None:
            stats = PredictionService.compute_statistics()
            cache.set(cache_key, stats, 300)
        return stats

    @staticmethod
    def invalidate_statistics_cache():
        """Call this when creating new predictions"""
        cache.delete("prediction_statistics")
