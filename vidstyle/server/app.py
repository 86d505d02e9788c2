"""Application: routes, middleware and error handlers of the server, as an ASGI app."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidstyle.errors import VidstyleError
from vidstyle.server.metrics import Metrics
from vidstyle.server.problems import Problem, answer_problem
from vidstyle.server.routes import jobs, live, page, pictures, styles, system, uploads
from vidstyle.server.routes.device import device_routes
from vidstyle.server.safety import SafetyMiddleware
from vidstyle.server.service import Service


class CountingMiddleware:
    """ASGI middleware that counts answers by status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application."""

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.responses[message["status"]] += 1
            await send(message)

        await self._app(scope, receive, send_counted)


def create_app(service: Service) -> Starlette:
    """Create the ASGI application of a service."""
    app = Starlette(
        routes=[
            *pictures.ROUTES,
            *jobs.ROUTES,
            *uploads.ROUTES,
            *styles.ROUTES,
            *live.ROUTES,
            *system.ROUTES,
            *device_routes(service.site),
            *page.ROUTES,
        ],
        middleware=[
            Middleware(CountingMiddleware, service.metrics),
            Middleware(SafetyMiddleware, service.access),
        ],
        exception_handlers=dict.fromkeys(
            (Problem, VidstyleError, HTTPException, Exception), answer_problem
        ),
    )
    app.state.service = service
    return app
