from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = "Payments"
    privacy = "payments.services.privacy"  # see accounts.privacy
