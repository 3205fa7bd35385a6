from django.urls import path

from inventory.api import views
from inventory.api.facets import FacetsView
from inventory.api.trips import TripSearchView
from inventory.api.webhooks import InventoryWebhookView

urlpatterns = [
    path("containers", views.ContainerListView.as_view(), name="container-list"),
    path("containers/facets", FacetsView.as_view(), name="container-facets"),
    path("containers/<slug:slug>", views.ContainerView.as_view(), name="container-detail"),
    path("containers/<slug:slug>/calendar", views.CalendarView.as_view(), name="container-calendar"),
    path("availability", views.BoardView.as_view(), name="availability"),
    path("trips/search", TripSearchView.as_view(), name="trip-search"),
    path("airlines", views.AirlineListView.as_view(), name="airline-list"),
    path("depots", views.DepotListView.as_view(), name="depot-list"),
    path("categories", views.CategoryListView.as_view(), name="category-list"),
    path("webhooks/inventory", InventoryWebhookView.as_view()),
]
