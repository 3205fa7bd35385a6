from django.urls import path

from orders.api import calendar, handover, views, waitlist

urlpatterns = [
    path("me/calendar", calendar.MyCalendarView.as_view()),
    path("calendar/<str:secret>/rentals.ics", calendar.CalendarFeedView.as_view()),
    path("waitlist", waitlist.WaitlistView.as_view(), name="waitlist"),
    path("waitlist/<uuid:entry_id>", waitlist.WaitlistEntryView.as_view()),
    path("quotes", views.QuotesView.as_view()),
    path("quotes/<uuid:quote_id>", views.QuoteView.as_view()),
    path("orders", views.OrdersView.as_view()),
    path("orders/<str:number>", views.OrderView.as_view()),
    path("orders/<str:number>/cancel", views.CancelOrderView.as_view()),
    path("orders/<str:number>/cancellation", views.CancellationView.as_view()),
    path("orders/<str:number>/extension-options", views.ExtensionOptionsView.as_view()),
    path("orders/<str:number>/extend", views.ExtendView.as_view()),
    path("orders/<str:number>/return-early", views.ShortenView.as_view()),
    path("orders/<str:number>/move", views.MoveView.as_view()),
    path("orders/<str:number>/return-parcel", views.ReturnParcelView.as_view()),
    path("orders/<str:number>/delay", views.DelayView.as_view()),
    path("orders/<str:number>/keep", views.KeepView.as_view()),
    path("orders/<str:number>/returns", views.ReturnsView.as_view()),
    path("orders/<str:number>/pickup-code", handover.PickupCodeView.as_view()),
    path("orders/<str:number>/photos", handover.PhotosView.as_view()),
    path("orders/<str:number>/photos/<uuid:photo_id>.jpg", handover.PhotoView.as_view()),
    path("orders/<str:number>/claims", handover.ClaimsView.as_view()),
    path("orders/<str:number>/claims/<uuid:claim_id>/accept", handover.AcceptClaimView.as_view()),
    path("orders/<str:number>/claims/<uuid:claim_id>/object", handover.ObjectToClaimView.as_view()),
    path("orders/<str:number>/events", views.OrderEventsView.as_view()),
]
