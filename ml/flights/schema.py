"""What the model takes: the names of its features in order, and what a reader calls them."""

from ml.training.schema import Feature

LATE = 60
"""Minutes of arrival delay from which a flight counts as late."""

LABEL = "late"

NOTICE = 120
"""Minutes before the scheduled departure at which the question is asked."""

OVERDUE = 15
"""Minutes after its schedule from which a flight that has not departed counts as waiting."""

GIVEN_UP = 240
"""Minutes after which a flight that has not departed counts as waiting no more: most likely cancelled."""

FEATURES = (
    Feature(name="carrier", kind="category"),
    Feature(name="origin", kind="category"),
    *(
        Feature(name=name, kind="number")
        for name in (
            "distance",
            "planned_minutes",
            "hour_of_day",
            "day_of_week",
            "departures_that_hour",
            "temperature",
            "dew_point",
            "humidity",
            "wind_direction",
            "wind_speed",
            "pressure",
            "pressure_change_3h",
            "visibility",
            "rain_6h",
            "lowest_visibility_6h",
            "strongest_gust_6h",
            "airport_departures_3h",
            "airport_departure_delay_3h",
            "airport_arrival_delay_3h",
            "airport_waiting",
            "airport_waiting_minutes",
            "airline_departures_3h",
            "airline_departure_delay_3h",
            "airline_arrival_delay_3h",
            "airline_waiting",
            "airline_waiting_minutes",
            "destination_arrival_delay_6h",
            "aircraft_age",
            "aircraft_seats",
            "aircraft_hours_since",
            "aircraft_departure_delay",
            "aircraft_arrival_delay",
            "aircraft_gone",
            "aircraft_slack",
        )
    ),
)
