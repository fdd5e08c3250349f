"""What watches over what is served: dashboards, error budgets, Prometheus and Grafana."""
