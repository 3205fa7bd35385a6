from django.urls import path

from payments.api import views

urlpatterns = [
    path("orders/<str:number>/payment", views.PaymentView.as_view()),
    path("orders/<str:number>/statement", views.StatementView.as_view()),
    path("webhooks/stripe", views.StripeWebhookView.as_view()),
]
