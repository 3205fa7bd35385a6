export DJANGO_SETTINGS_MODULE=config.settings.test DATABASE_URL=postgres://postgres@127.0.0.1:55432/h_five TEST_DATABASE_URL=postgres://postgres@127.0.0.1:55432/h_five
