"""The benchmark ``locate``: places of posts against marks made by hand."""
