"""The guide's entities: User, Patient, XRayImage, Prediction, and what each of the six networks said."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    class Role(models.TextChoices):
        ADMIN = "admin"
        DOCTOR = "doctor"
        PATIENT = "patient"

    role = models.CharField(max_length=8, choices=Role, default=Role.PATIENT)


class Patient(models.Model):
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="patient")
    record_number = models.CharField(max_length=32, unique=True)
    full_name = models.CharField(max_length=120)
    date_of_birth = models.DateField()
    sex = models.CharField(max_length=1)


class XRayImage(models.Model):
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="xrays")
    image = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    width = models.IntegerField()
    height = models.IntegerField()
    source = models.CharField(max_length=16)
    uploaded_at = models.DateTimeField()


class Prediction(models.Model):
    xray = models.ForeignKey(XRayImage, on_delete=models.CASCADE, related_name="predictions")
    final_diagnosis = models.CharField(max_length=20)
    consensus_confidence = models.FloatField()
    agreement = models.SmallIntegerField()
    inconclusive = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    is_validated = models.BooleanField(default=False)
    validated_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="reviews")
    notes = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["-created_at"]),
            models.Index(fields=["final_diagnosis"]),
            models.Index(fields=["is_validated"]),
            models.Index(fields=["final_diagnosis", "-created_at"]),
            models.Index(fields=["is_validated", "-created_at"]),
        ]


class ModelScore(models.Model):
    prediction = models.ForeignKey(Prediction, on_delete=models.CASCADE, related_name="scores")
    name = models.CharField(max_length=40)
    diagnosis = models.CharField(max_length=20)
    p_covid = models.FloatField()
    p_lung_opacity = models.FloatField()
    p_normal = models.FloatField()
    p_viral_pneumonia = models.FloatField()
    milliseconds = models.FloatField()
