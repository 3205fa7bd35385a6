from django.urls import path

from payments.api import documents, views

urlpatterns = [
    path("orders/<str:number>/payment", views.PaymentView.as_view()),
    path("orders/<str:number>/statement", views.StatementView.as_view()),
    path("orders/<str:number>/receipt.pdf", documents.ReceiptView.as_view()),
    path("orders/<str:number>/documents", documents.DocumentsView.as_view()),
    path("orders/<str:number>/documents/<str:document>.pdf", documents.DocumentView.as_view()),
    path("transactions", documents.TransactionsView.as_view()),
    path("webhooks/stripe", views.StripeWebhookView.as_view()),
]
